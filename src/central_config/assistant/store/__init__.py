"""SQL of the assistant: synonyms, uses of keys, reviews, advice."""
