"""How bytes of any origin become text: archives, compression, converters, encodings, downloads."""
