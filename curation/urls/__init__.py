"""URLs: their normal forms, lists of domains, hosts, URLs and words that users name, and the filter made of them."""
