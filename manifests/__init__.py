"""What a version is: typed configuration, digests, manifests, verification, lineage.

The bottom layer: it imports nothing else of Winnow's, and nothing heavy.
"""
