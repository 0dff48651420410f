"""Text of crawled pages: the charset as browsers find it, then the main content.

The page is bounded before it is parsed (`curation.reading.markup`): at most `MAX_HTML_BYTES`, 200,000 tags, 256 open
elements and 64 attributes a tag, so that time and memory are bounded whatever the page.
"""

from curation.extraction.charset import HTML_TYPES, decode, is_html
from curation.extraction.content import (
    MAX_HTML_BYTES,
    extract_batch,
    extract_decoded,
    extract_text,
)

__all__ = [
    "HTML_TYPES",
    "MAX_HTML_BYTES",
    "decode",
    "extract_batch",
    "extract_decoded",
    "extract_text",
    "is_html",
]
