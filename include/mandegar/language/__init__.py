"""What is said to people: in English in the code, and in every other language in a catalogue beside it."""
