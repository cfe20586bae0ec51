"""How often the assistant answers a question right: a company, its questions, and the score."""
