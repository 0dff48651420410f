"""The sample's own words: sentence patterns in seven languages and program parts, read by the demo's generators."""
