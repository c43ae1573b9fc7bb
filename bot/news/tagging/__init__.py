"""The rooms of the tagger: words, phrases, senses of ambiguous mineral names, direction, topics, tickers."""
