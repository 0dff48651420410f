"""Models of quality: classifiers of reference text against crawled text, and perplexity under a language model.

Their scores are the columns `classifier` and `perplexity` (`curation.quality.scores`), which published rule sets read.
"""
