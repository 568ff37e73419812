"""Speed and memory against peers measured in the same call; nothing here is a test."""
