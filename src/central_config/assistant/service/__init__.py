"""How a question becomes an answer, a change a review, and a workspace advice."""
