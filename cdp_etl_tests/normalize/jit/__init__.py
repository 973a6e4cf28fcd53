"""What compiled code computes and how it is kept, held against Python's own."""
