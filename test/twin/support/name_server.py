"""A name server on 127.0.0.1: name_server.py PORT NAME=ADDRESS,ADDRESS... Other names don't exist."""
import ipaddress
import socket
import sys

names = {name: addresses.split(",") for name, addresses in (word.split("=") for word in sys.argv[2:])}
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
while True:
    query, client = server.recvfrom(512)
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12 : at + 5]
    wanted = {1: 4, 28: 6}.get(int.from_bytes(query[at + 1 : at + 3], "big"))
    known = names.get(".".join(labels).lower())
    found = [ipaddress.ip_address(text) for text in known or []]
    answers = [a.packed for a in found if a.version == wanted]
    flags = b"\x81\x80" if known else b"\x81\x83"
    head = query[:2] + flags + b"\x00\x01" + len(answers).to_bytes(2, "big") + b"\x00" * 4
    kind = question[-4:]
    body = b"".join(b"\xc0\x0c" + kind + b"\x00\x00\x00\x05" + len(a).to_bytes(2, "big") + a for a in answers)
    server.sendto(head + question + body, client)
