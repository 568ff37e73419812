"""One run, whoever asks for it, remembered or not: its request, the same resolved and checked, its execution."""
