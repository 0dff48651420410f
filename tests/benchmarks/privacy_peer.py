"""Runs a peer's detector in the peer's own environment: JSON lines of texts in, spans out. Imports nothing of ours.

    PEER_PYTHON tests/benchmarks/privacy_peer.py presidio|datatrove < texts.jsonl > spans.jsonl

The first line of the output is how many seconds of processor time the detection took, without loading.
"""

import json
import sys
import time

PRESIDIO = {
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE_NUMBER", "IP_ADDRESS": "IP_ADDRESS", "CREDIT_CARD": "CREDIT_CARD",
    "IBAN_CODE": "IBAN", "US_SSN": "US_SSN", "US_DRIVER_LICENSE": "DRIVER_LICENSE", "US_PASSPORT": "PASSPORT",
    "US_BANK_NUMBER": "BANK_ACCOUNT", "CRYPTO": "CRYPTO_ADDRESS", "MAC_ADDRESS": "MAC_ADDRESS",
}  # fmt: skip


def presidio():
    """Presidio's pattern recognisers around a blank spaCy pipeline: no model is loaded, nothing is fetched."""
    import spacy
    import tldextract
    import tldextract.tldextract
    from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
    from presidio_analyzer.nlp_engine import SpacyNlpEngine

    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    registry = RecognizerRegistry(supported_languages=["en"])
    registry.load_predefined_recognizers(languages=["en"])
    for recogniser in [item for item in registry.recognizers if item.name == "SpacyRecognizer"]:
        registry.remove_recognizer(recogniser.name)
    engine = SpacyNlpEngine(models=[{"lang_code": "en", "model_name": "blank"}])
    engine.nlp = {"en": spacy.blank("en")}
    engine.nlp["en"].max_length = 10**9
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=["en"])

    def find(text):
        found = analyzer.analyze(text, language="en", score_threshold=0.4)
        return [(PRESIDIO[item.entity_type], item.start, item.end) for item in found if item.entity_type in PRESIDIO]

    return find


def datatrove():
    """The patterns of datatrove's PIIFormatter, with its test whether an address is public."""
    from datatrove.pipeline.formatters.pii import PIIFormatter

    formatter = PIIFormatter()
    looks = (("EMAIL", formatter.emails_replacer), ("IP_ADDRESS", formatter.ip_replacer))

    def find(text):
        found = []
        for name, replacer in looks:
            for match in replacer.regex.finditer(text):
                if replacer.validator is None or replacer.validator(match[0]):
                    found.append((name, *match.span()))
        return found

    return find


def main():
    """Read texts, write seconds and spans."""
    find = {"presidio": presidio, "datatrove": datatrove}[sys.argv[1]]()
    texts = [json.loads(line) for line in sys.stdin]
    find("warm up ada@lovelace.org")
    start = time.process_time()
    spans = [find(text) for text in texts]
    print(json.dumps(time.process_time() - start))
    for row in spans:
        print(json.dumps(row))


if __name__ == "__main__":
    main()
