"""adapters/bus"""
