"""Source files: which language, whether a person wrote them here, and the numbers that file rules read."""
