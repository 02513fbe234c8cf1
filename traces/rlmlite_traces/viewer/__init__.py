"""The viewer: one HTML file that shows a trace, for whoever has a browser and nothing else.

    page         the file: the story as data, the verifier, the script, the style
    contexts     evidence with the words around it
    viewer.js    builds the page from the data, with text and never with markup
    viewer.css   how it looks

The file reaches nothing: its policy (CSP) forbids every request, and only its own script and style are let in, by their
digests. What a trace says is data in it, so a trace of a stranger's can show anything and do nothing.
"""
