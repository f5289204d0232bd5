"""What identified people and machines may ask for, from wherever they ask.

HTTP, console, chat, alerts and agents all come here with a ``Principal``; nobody else calls the
engine for other people. ``operations`` has the verbs and checks who may, ``runner`` drives what was
begun, ``events`` tells what happens, ``courier`` and ``desk`` speak to chat systems.
"""
