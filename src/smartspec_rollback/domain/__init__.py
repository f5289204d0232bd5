"""Frozen values and pure rules: the words of the glossary, as types. Imports nothing but errors."""
