import { byIdOrName, LOCATIONS, STORAGE_BOX_LOCATIONS, STORAGE_BOX_TYPES, type StorageBoxType } from "./catalogue";
import { FREE, found, showLocation } from "./show";
import type { StorageBox } from "./state";

/** How Storage Boxes look in Hetzner's answers. */
export const showType = ({ snapshots, ...type }: StorageBoxType) => ({
  ...type,
  description: type.name.toUpperCase(),
  snapshot_limit: snapshots,
  automatic_snapshot_limit: snapshots,
  subaccounts_limit: 100,
  prices: STORAGE_BOX_LOCATIONS.map((location) => ({
    location,
    price_hourly: FREE,
    price_monthly: FREE,
    setup_fee: FREE,
  })),
  deprecation: null,
});

/** @param used bytes that are stored on it */
export function showBox(box: StorageBox, used: number) {
  const active = box.status === "active";
  return {
    id: box.id,
    // As at Hetzner, not known before it is there. The address stands in for a name: the twin is no name server.
    username: active ? box.username : null,
    server: active ? box.ip : null,
    system: active ? `${box.location.toUpperCase()}-TWIN` : null,
    status: box.status,
    name: box.name,
    storage_box_type: showType(found(byIdOrName(STORAGE_BOX_TYPES, box.type))),
    location: showLocation(found(byIdOrName(LOCATIONS, box.location))),
    access_settings: { ...box.access },
    stats: { size: used, size_data: used, size_snapshots: 0 },
    labels: box.labels,
    protection: { delete: box.protection },
    snapshot_plan: box.snapshotPlan && { ...box.snapshotPlan },
    created: box.created,
  };
}
