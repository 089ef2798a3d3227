"""What happens to what was sent, once it is understood: gathered, kept, joined, scored."""
