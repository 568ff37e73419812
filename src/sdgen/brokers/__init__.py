"""Message brokers: each row is a message. What a broker's client must do stands in `base.py`."""
