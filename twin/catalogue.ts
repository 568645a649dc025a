/** What Hetzner offers, as far as the twin knows it. Sizes as of 2026; nothing costs anything here. */
export type Architecture = "x86" | "arm";

export interface Location {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly country: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly network_zone: string;
}

export interface ServerType {
  readonly id: number;
  readonly name: string;
  readonly cores: number;
  /** GB */
  readonly memory: number;
  /** GB */
  readonly disk: number;
  readonly cpu: "shared" | "dedicated";
  readonly architecture: Architecture;
  readonly locations: readonly string[];
}

export interface Image {
  readonly id: number;
  readonly name: string;
  readonly description: string;
  readonly flavor: string;
  readonly version: string;
  readonly architecture: Architecture;
}

// biome-ignore format: a table
export const LOCATIONS: readonly Location[] = [
  { id: 1, name: "fsn1", description: "Falkenstein DC Park 1", country: "DE", city: "Falkenstein", latitude: 50.47612, longitude: 12.370071, network_zone: "eu-central" },
  { id: 2, name: "nbg1", description: "Nuremberg DC Park 1", country: "DE", city: "Nuremberg", latitude: 49.452102, longitude: 11.076665, network_zone: "eu-central" },
  { id: 3, name: "hel1", description: "Helsinki DC Park 1", country: "FI", city: "Helsinki", latitude: 60.169855, longitude: 24.938379, network_zone: "eu-central" },
  { id: 4, name: "ash", description: "Ashburn, VA", country: "US", city: "Ashburn, VA", latitude: 39.045821, longitude: -77.487073, network_zone: "us-east" },
  { id: 5, name: "hil", description: "Hillsboro, OR", country: "US", city: "Hillsboro, OR", latitude: 45.54222, longitude: -122.951924, network_zone: "us-west" },
  { id: 6, name: "sin", description: "Singapore", country: "SG", city: "Singapore", latitude: 1.283333, longitude: 103.833333, network_zone: "ap-southeast" },
];

const EU = ["fsn1", "nbg1", "hel1"];
const OVERSEAS = ["ash", "hil", "sin"];
const ALL = [...EU, ...OVERSEAS];

type Row = readonly [id: number, name: string, cores: number, memory: number, disk: number];
const family = (
  cpu: ServerType["cpu"],
  architecture: Architecture,
  locations: readonly string[],
  rows: readonly Row[],
): ServerType[] =>
  rows.map(([id, name, cores, memory, disk]) => ({ id, name, cores, memory, disk, cpu, architecture, locations }));

// biome-ignore format: a table
export const SERVER_TYPES: readonly ServerType[] = [
  ...family("shared", "x86", EU, [[114, "cx23", 2, 4, 40], [115, "cx33", 4, 8, 80], [116, "cx43", 8, 16, 160], [117, "cx53", 16, 32, 320]]),
  ...family("shared", "x86", [...EU, "sin"], [[108, "cpx12", 1, 2, 40], [109, "cpx22", 2, 4, 80], [110, "cpx32", 4, 8, 160],
    [111, "cpx42", 8, 16, 320], [112, "cpx52", 12, 24, 480], [113, "cpx62", 16, 32, 640]]),
  ...family("shared", "x86", OVERSEAS, [[22, "cpx11", 2, 2, 40], [23, "cpx21", 3, 4, 80], [24, "cpx31", 4, 8, 160],
    [25, "cpx41", 8, 16, 240], [26, "cpx51", 16, 32, 360]]),
  ...family("shared", "arm", EU, [[45, "cax11", 2, 4, 40], [93, "cax21", 4, 8, 80], [94, "cax31", 8, 16, 160], [95, "cax41", 16, 32, 320]]),
  ...family("dedicated", "x86", ALL, [[96, "ccx13", 2, 8, 80], [97, "ccx23", 4, 16, 160], [98, "ccx33", 8, 32, 240],
    [99, "ccx43", 16, 64, 360], [100, "ccx53", 32, 128, 600], [101, "ccx63", 48, 192, 960]]),
];

// biome-ignore format: a table
export const IMAGES: readonly Image[] = [
  { id: 310557660, name: "debian-13", description: "Debian 13", flavor: "debian", version: "13", architecture: "x86" },
  { id: 310557661, name: "debian-13", description: "Debian 13", flavor: "debian", version: "13", architecture: "arm" },
  { id: 114690387, name: "debian-12", description: "Debian 12", flavor: "debian", version: "12", architecture: "x86" },
  { id: 114690389, name: "debian-12", description: "Debian 12", flavor: "debian", version: "12", architecture: "arm" },
  { id: 161547269, name: "ubuntu-24.04", description: "Ubuntu 24.04", flavor: "ubuntu", version: "24.04", architecture: "x86" },
  { id: 161547270, name: "ubuntu-24.04", description: "Ubuntu 24.04", flavor: "ubuntu", version: "24.04", architecture: "arm" },
];

export interface StorageBoxType {
  readonly id: number;
  readonly name: string;
  /** Bytes */
  readonly size: number;
  /** Snapshots that a plan makes at most, and as many again by hand. */
  readonly snapshots: number;
}

const TIB = 2 ** 40;

// biome-ignore format: a table
export const STORAGE_BOX_TYPES: readonly StorageBoxType[] = [
  { id: 1333, name: "bx11", size: TIB, snapshots: 10 },
  { id: 1334, name: "bx21", size: 5 * TIB, snapshots: 20 },
  { id: 1335, name: "bx31", size: 10 * TIB, snapshots: 30 },
  { id: 1336, name: "bx41", size: 20 * TIB, snapshots: 40 },
];

/** Where Storage Boxes can be had. */
export const STORAGE_BOX_LOCATIONS: readonly string[] = ["fsn1", "hel1"];

/** The one image that the twin has machines for. */
export const RUNNABLE_IMAGE = "debian-13";

/** The architecture of this computer in Hetzner's words: its machines are containers and can have no other. */
export const OWN_ARCHITECTURE: Architecture = process.arch === "arm64" ? "arm" : "x86";

/** Finds by number or by name, as Hetzner's API takes either. */
export function byIdOrName<T extends { readonly id: number; readonly name: string }>(
  all: readonly T[],
  idOrName: string | number,
): T | undefined {
  return all.find(({ id, name }) => name === String(idOrName) || id === Number(idOrName));
}
