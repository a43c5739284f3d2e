"""What a good programmer writes without Workroom: small broadcast servers on well-known libraries.

Each serves two paths: whoever connects to ``/listen`` is a member, and every text message that
comes in on ``/publish`` goes to all members.
"""
