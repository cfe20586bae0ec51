"""What is asked, planned, found and advised, without I/O."""
