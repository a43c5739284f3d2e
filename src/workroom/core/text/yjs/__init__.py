"""The Yjs document below the text; ``ytext`` and ``standing`` alone know pycrdt."""
