"""transports/rest"""
