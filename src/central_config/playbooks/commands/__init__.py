"""What an operator types on the server's side; no API is asked, for it may be down."""
