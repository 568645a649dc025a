"""The official Python client, through what a user of it does; prints one JSON object for the test to look at."""

import json
import sys

from hcloud import APIException, Client
from hcloud.firewalls import Firewall, FirewallResource, FirewallRule
from hcloud.images import Image
from hcloud.locations import Location
from hcloud.server_types import ServerType
from hcloud.servers import ServerCreatePublicNetwork
from hcloud.storage_box_types import StorageBoxType
from hcloud.storage_boxes import StorageBoxAccessSettings, StorageBoxSnapshotPlan
from hcloud.zones import ZoneRecord

endpoint, token, public_key = sys.argv[1:]
client = Client(token=token, api_endpoint=endpoint, api_endpoint_hetzner=endpoint)
seen = {}


def code(call):
    try:
        call()
    except APIException as error:
        return error.code
    return None


key = client.ssh_keys.create(name="python", public_key=public_key, labels={"made": "here"})
seen["key"] = client.ssh_keys.get_by_name("python").fingerprint == key.fingerprint
seen["types"] = client.server_types.get_by_name("cx23").cores
seen["image"] = client.images.get_by_name_and_architecture("debian-13", "x86").os_version
seen["locations"] = [location.name for location in client.locations.get_all()]

rule = FirewallRule(direction="in", protocol="tcp", port="22", source_ips=["0.0.0.0/0", "::/0"])
made = client.firewalls.create(name="python", rules=[rule], labels={"made": "here"})
for action in made.actions:
    action.wait_until_finished()
firewall = made.firewall
seen["rules"] = [rule.port for rule in client.firewalls.get_by_id(firewall.id).rules]

server_type = ServerType(name="cx23" if client.images.get_by_name_and_architecture("debian-13", "x86") else "cax11")
answer = client.servers.create(
    name="python",
    server_type=server_type,
    image=Image(name="debian-13"),
    location=Location(name="hel1"),
    ssh_keys=[key],
    firewalls=[firewall],
    labels={"role": "worker"},
    start_after_create=False,
)
answer.action.wait_until_finished()
for action in answer.next_actions:
    action.wait_until_finished()
server = client.servers.get_by_name("python")
seen["server"] = [server.status, server.location.name, server.public_net.ipv4.ip == answer.server.public_net.ipv4.ip]
cpx22 = client.server_types.get_by_name("cpx22")
seen["available"] = [place.available for name in ("hel1", "nbg1", "fsn1") for place in cpx22.locations if place.location.name == name]
seen["sold out"] = code(
    lambda: client.servers.create(name="late", server_type=cpx22, image=Image(name="debian-13"), location=Location(name="fsn1"))
)

server.change_type(ServerType(name="cx33"), upgrade_disk=False).wait_until_finished()
server.reload()
seen["resized"] = [server.server_type.name, server.primary_disk_size, server.status]
server.change_protection(delete=True, rebuild=True).wait_until_finished()
seen["protected"] = code(server.delete)
server.change_protection(delete=False, rebuild=False).wait_until_finished()

seen["selected"] = [len(client.servers.get_all(label_selector=selector)) for selector in ("role=worker", "role=web", "role", "!role")]
seen["taken"] = code(lambda: client.servers.create(name="python", server_type=server_type, image=Image(name="debian-13")))
seen["in use"] = code(lambda: client.firewalls.delete(firewall))
seen["renamed"] = server.update(name="snake", labels={"role": "web"}).name

extra = [client.firewalls.create(name=f"page-{n}").firewall for n in range(30)]
first = client.firewalls.get_list(per_page=20)
seen["pages"] = [len(first.firewalls), first.meta.pagination.last_page, len(client.firewalls.get_all())]

zone = client.zones.get("example.org")
made = client.zones.create_rrset(zone, name="www", type="A", ttl=300, records=[ZoneRecord(value="198.18.0.9")])
made.action.wait_until_finished()
client.zones.set_rrset_records(made.rrset, [ZoneRecord(value="198.18.0.10")]).wait_until_finished()
client.zones.change_rrset_ttl(made.rrset, 600).wait_until_finished()
record_set = client.zones.get_rrset(zone, "www", "A")
client.zones.delete_rrset(record_set).action.wait_until_finished()
seen["records"] = [record_set.id, record_set.ttl, record_set.records[0].value, len(client.zones.get_rrset_all(zone))]

removed = client.firewalls.remove_from_resources(firewall, [FirewallResource(type="server", server=server)])
for action in removed:
    action.wait_until_finished()
server.delete().wait_until_finished()
seen["gone"] = client.servers.get_by_name("snake") is None
for one in [firewall, *extra]:
    client.firewalls.delete(one)
client.ssh_keys.delete(key)
seen["left"] = [len(client.firewalls.get_all()), len(client.servers.get_all()), len(client.ssh_keys.get_all(label_selector="made"))]

address = client.primary_ips.create(type="ipv4", name="kept", location=Location(name="hel1")).primary_ip
addressed = client.servers.create(
    name="addressed",
    server_type=ServerType(name="cx23"),
    image=Image(name="debian-13"),
    location=Location(name="hel1"),
    public_net=ServerCreatePublicNetwork(ipv4=address, enable_ipv6=False),
    start_after_create=False,
)
addressed.action.wait_until_finished()
addressed.server.enable_backup().wait_until_finished()
window = client.servers.get_by_id(addressed.server.id).backup_window
addressed.server.disable_backup().wait_until_finished()
address.unassign().wait_until_finished()
address.assign(addressed.server.id, "server").wait_until_finished()
seen["address"] = [addressed.server.public_net.ipv4.ip == address.ip, code(address.delete), window]
addressed.server.delete().wait_until_finished()
address.change_protection(delete=False).wait_until_finished()
seen["address left"] = [ip.name for ip in client.primary_ips.get_all()]
address.delete()

ordered = client.storage_boxes.create(
    name="box",
    password="Correct-horse-4-battery",
    location=Location(name="fsn1"),
    storage_box_type=StorageBoxType(name="bx11"),
    ssh_keys=[public_key],
    access_settings=StorageBoxAccessSettings(ssh_enabled=True),
)
ordered.action.wait_until_finished()
box = client.storage_boxes.get_by_name("box")
box.enable_snapshot_plan(StorageBoxSnapshotPlan(max_snapshots=10, hour=3, minute=5)).wait_until_finished()
box.change_type(StorageBoxType(name="bx21")).wait_until_finished()
box.reset_password("Correct-horse-5-battery").wait_until_finished()
box.update_access_settings(StorageBoxAccessSettings(reachable_externally=True)).wait_until_finished()
box.change_protection(delete=True).wait_until_finished()
box.reload()
seen["box"] = [
    box.status,
    box.storage_box_type.name,
    box.snapshot_plan.max_snapshots,
    box.access_settings.ssh_enabled,
    box.access_settings.reachable_externally,
    box.get_folders(path=".").folders,
    code(box.delete),
]
box.change_protection(delete=False).wait_until_finished()
box.disable_snapshot_plan().wait_until_finished()
box.delete().action.wait_until_finished()
seen["boxes left"] = len(client.storage_boxes.get_all())
seen["missing"] = code(lambda: client.servers.get_by_id(server.id))
seen["not imitated"] = code(lambda: client.networks.get_all())

print(json.dumps(seen))
