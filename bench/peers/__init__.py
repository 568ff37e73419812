"""What sdgen is measured against: small programs, each a process of its own."""
