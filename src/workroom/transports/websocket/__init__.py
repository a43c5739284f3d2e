"""transports/websocket"""
