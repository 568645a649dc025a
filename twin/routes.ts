import * as actions from "./handlers/actions";
import * as catalogue from "./handlers/catalogue";
import * as firewalls from "./handlers/firewalls";
import type { Handler } from "./handlers/handler";
import * as ips from "./handlers/primary-ips";
import * as recordSets from "./handlers/record-sets";
import * as server from "./handlers/server-actions";
import * as servers from "./handlers/servers";
import * as soldOut from "./handlers/sold-out";
import * as keys from "./handlers/ssh-keys";
import * as box from "./handlers/storage-box-actions";
import * as boxes from "./handlers/storage-boxes";
import * as trap from "./handlers/trap";
import * as zones from "./handlers/zones";

type Route = readonly [method: "GET" | "POST" | "PUT" | "DELETE", path: string, handler: Handler];

/** The whole API, under /v1: what is not here answers 501 with its method and path. `:a` and `:b` are numbers, others names. */
// biome-ignore format: a table
export const ROUTES: readonly Route[] = [
  ["GET",    "/locations",                                catalogue.listLocations],
  ["GET",    "/locations/:a",                             catalogue.getLocation],
  ["GET",    "/server_types",                             catalogue.listServerTypes],
  ["GET",    "/server_types/:a",                          catalogue.getServerType],
  ["GET",    "/images",                                   catalogue.listImages],
  ["GET",    "/images/:a",                                catalogue.getImage],

  ["GET",    "/primary_ips",                              ips.listPrimaryIps],
  ["POST",   "/primary_ips",                              ips.createPrimaryIp],
  ["GET",    "/primary_ips/actions",                      actions.listActionsOf("primary_ip")],
  ["GET",    "/primary_ips/actions/:a",                   actions.getAction],
  ["GET",    "/primary_ips/:a",                           ips.getPrimaryIp],
  ["PUT",    "/primary_ips/:a",                           ips.updatePrimaryIp],
  ["DELETE", "/primary_ips/:a",                           ips.deletePrimaryIp],
  ["GET",    "/primary_ips/:a/actions",                   actions.listActionsOfOne("primary_ip")],
  ["GET",    "/primary_ips/:a/actions/:b",                actions.getActionOfOne("primary_ip")],
  ["POST",   "/primary_ips/:a/actions/assign",            ips.assignPrimaryIp],
  ["POST",   "/primary_ips/:a/actions/unassign",          ips.unassignPrimaryIp],
  ["POST",   "/primary_ips/:a/actions/change_protection", ips.changeProtection],

  ["GET",    "/ssh_keys",                                 keys.listSshKeys],
  ["POST",   "/ssh_keys",                                 keys.createSshKey],
  ["GET",    "/ssh_keys/:a",                              keys.getSshKey],
  ["PUT",    "/ssh_keys/:a",                              keys.updateSshKey],
  ["DELETE", "/ssh_keys/:a",                              keys.deleteSshKey],

  ["GET",    "/firewalls",                                firewalls.listFirewalls],
  ["POST",   "/firewalls",                                firewalls.createFirewall],
  ["GET",    "/firewalls/actions",                        actions.listActionsOf("firewall")],
  ["GET",    "/firewalls/actions/:a",                     actions.getAction],
  ["GET",    "/firewalls/:a",                             firewalls.getFirewall],
  ["PUT",    "/firewalls/:a",                             firewalls.updateFirewall],
  ["DELETE", "/firewalls/:a",                             firewalls.deleteFirewall],
  ["GET",    "/firewalls/:a/actions",                     actions.listActionsOfOne("firewall")],
  ["GET",    "/firewalls/:a/actions/:b",                  actions.getActionOfOne("firewall")],
  ["POST",   "/firewalls/:a/actions/set_rules",           firewalls.setRules],
  ["POST",   "/firewalls/:a/actions/apply_to_resources",  firewalls.applyToResources],
  ["POST",   "/firewalls/:a/actions/remove_from_resources", firewalls.removeFromResources],

  ["GET",    "/servers",                                  servers.listServers],
  ["POST",   "/servers",                                  servers.createServer],
  ["GET",    "/servers/actions",                          actions.listActionsOf("server")],
  ["GET",    "/servers/actions/:a",                       actions.getAction],
  ["GET",    "/servers/:a",                               servers.getServer],
  ["PUT",    "/servers/:a",                               servers.updateServer],
  ["DELETE", "/servers/:a",                               servers.deleteServer],
  ["GET",    "/servers/:a/actions",                       actions.listActionsOfOne("server")],
  ["GET",    "/servers/:a/actions/:b",                    actions.getActionOfOne("server")],
  ["POST",   "/servers/:a/actions/poweron",               server.powerOn],
  ["POST",   "/servers/:a/actions/poweroff",              server.powerOff],
  ["POST",   "/servers/:a/actions/shutdown",              server.shutdown],
  ["POST",   "/servers/:a/actions/reboot",                server.reboot],
  ["POST",   "/servers/:a/actions/reset",                 server.reset],
  ["POST",   "/servers/:a/actions/change_type",           server.changeType],
  ["POST",   "/servers/:a/actions/change_protection",     server.changeProtection],
  ["POST",   "/servers/:a/actions/enable_backup",         server.enableBackup],
  ["POST",   "/servers/:a/actions/disable_backup",        server.disableBackup],

  ["GET",    "/storage_box_types",                        boxes.listTypes],
  ["GET",    "/storage_box_types/:a",                     boxes.getType],
  ["GET",    "/storage_boxes",                            boxes.listBoxes],
  ["POST",   "/storage_boxes",                            boxes.createBox],
  ["GET",    "/storage_boxes/actions",                    actions.listActionsOf("storage_box")],
  ["GET",    "/storage_boxes/actions/:a",                 actions.getAction],
  ["GET",    "/storage_boxes/:a",                         boxes.getBox],
  ["PUT",    "/storage_boxes/:a",                         boxes.updateBox],
  ["DELETE", "/storage_boxes/:a",                         boxes.deleteBox],
  ["GET",    "/storage_boxes/:a/folders",                 boxes.listFolders],
  ["GET",    "/storage_boxes/:a/actions",                 actions.listActionsOfOne("storage_box")],
  ["GET",    "/storage_boxes/:a/actions/:b",              actions.getActionOfOne("storage_box")],
  ["POST",   "/storage_boxes/:a/actions/change_protection", box.changeProtection],
  ["POST",   "/storage_boxes/:a/actions/change_type",     box.changeType],
  ["POST",   "/storage_boxes/:a/actions/reset_password",  box.resetPassword],
  ["POST",   "/storage_boxes/:a/actions/update_access_settings", box.updateAccessSettings],
  ["POST",   "/storage_boxes/:a/actions/enable_snapshot_plan", box.enableSnapshotPlan],
  ["POST",   "/storage_boxes/:a/actions/disable_snapshot_plan", box.disableSnapshotPlan],

  ["GET",    "/zones",                                    zones.listZones],
  ["GET",    "/zones/:zone",                              zones.getZone],
  ["GET",    "/zones/:zone/rrsets",                       recordSets.listRecordSets],
  ["POST",   "/zones/:zone/rrsets",                       recordSets.createRecordSet],
  ["GET",    "/zones/:zone/rrsets/:name/:type",           recordSets.getRecordSet],
  ["PUT",    "/zones/:zone/rrsets/:name/:type",           recordSets.updateRecordSet],
  ["DELETE", "/zones/:zone/rrsets/:name/:type",           recordSets.deleteRecordSet],
  ["POST",   "/zones/:zone/rrsets/:name/:type/actions/set_records", recordSets.setRecords],
  ["POST",   "/zones/:zone/rrsets/:name/:type/actions/change_ttl", recordSets.changeTtl],

  ["GET",    "/actions",                                  actions.listActions],
  ["GET",    "/actions/:a",                               actions.getAction],
];

/** What an operator of the twin can do that no client of Hetzner's can: under /twin, with the same token. */
// biome-ignore format: a table
export const CONTROL: readonly Route[] = [
  ["GET",    "/sold-out",                                 soldOut.listSoldOut],
  ["PUT",    "/sold-out",                                 soldOut.setSoldOut],
  ["PUT",    "/zones",                                    zones.setZones],
  ["PUT",    "/trap",                                     trap.setTrap],
  ["GET",    "/trap/:a",                                  trap.getTrapped],
  ["PUT",    "/storage-boxes/:a",                         box.setSize],
];
