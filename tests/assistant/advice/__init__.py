"""What is read is counted, and what a workspace could do better is proposed."""
