"""Operations on documents: read, extract, measure, decide, redact, deduplicate, mix, tokenise.

Pure functions over text and Arrow tables; no Beam, no torch.
"""
