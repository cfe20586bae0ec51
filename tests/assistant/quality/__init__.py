"""The questions the assistant is measured with, and how answers are judged."""
