"""What tests share: real servers, a real API process, a client that speaks to it."""
