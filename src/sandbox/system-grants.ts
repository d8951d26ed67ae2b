// What every worker may use of the host itself: libraries, the loader, CA certificates, time zones, name resolution, a few
// devices. These paths belong to the operator, so links among them are resolved here, once, when the gateway starts.

import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface SystemGrants {
  /** Files and folders readable with everything below. Real paths. */
  readonly read: readonly string[];
  /** Devices readable and writable. */
  readonly devices: readonly string[];
  /** The dynamic loader: the kernel opens it for every execve (elf(5), PT_INTERP). */
  readonly execute: readonly string[];
  /** Folders of links among which the way to a library may lead; they are there in a minimal root, and hold no files. */
  readonly passages: readonly string[];
  /** The links on the way to all of these, which a minimal root has too. */
  readonly links: readonly PathLink[];
}

export interface PathLink {
  /** Absolute; only its end is a link. */
  readonly path: string;
  /** As it is written. */
  readonly target: string;
}

const libraries = [
  '/lib',
  '/lib32',
  '/lib64',
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
  '/usr/local/lib64',
  '/etc/ld.so.cache',
];

// Not /etc/ssl and /etc/pki as a whole: both hold private keys in subfolders.
const certificates = [
  '/etc/ssl/certs',
  '/etc/ssl/cert.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/openssl.cnf',
  '/etc/pki/ca-trust',
  '/etc/pki/tls/certs',
  '/etc/pki/tls/cert.pem',
  '/etc/pki/tls/openssl.cnf',
  '/etc/ca-certificates',
  '/etc/crypto-policies',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
  '/usr/share/pki',
  '/usr/share/crypto-policies',
];

const placesAndTimes = [
  '/etc/localtime',
  '/etc/timezone',
  '/usr/share/zoneinfo',
  '/etc/locale.alias',
  '/usr/share/locale',
  '/usr/share/i18n',
  '/etc/mime.types',
];

// resolver(5), nsswitch.conf(5), getaddrinfo(3). Their link targets too: /etc/resolv.conf often leads into /run.
const resolver = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/host.conf',
  '/etc/nsswitch.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/protocols',
];

// Figures of the host that os.cpus() and allocators ask for; nothing about any process.
const hostFigures = ['/proc/cpuinfo', '/proc/meminfo', '/proc/stat', '/sys/devices/system/cpu'];

const sources = ['/dev/zero', '/dev/random', '/dev/urandom'];

const loaders = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-aarch64.so.1',
  '/lib/ld-musl-x86_64.so.1',
  '/lib/ld-musl-aarch64.so.1',
];

// What compilers and installers start and include. Set-user-id programs among them give nothing: no_new_privs.
const programPlaces = [
  '/bin',
  '/usr/bin',
  '/usr/local/bin',
  '/lib',
  '/lib64',
  '/usr/lib',
  '/usr/lib64',
  '/usr/libexec',
  '/usr/local/lib',
  '/usr/local/lib64',
  '/usr/include',
  '/usr/local/include',
  '/usr/share',
  // What the host is: installers tell it to registries, and choose packages by it.
  '/etc/os-release',
  '/etc/debian_version',
  '/etc/lsb-release',
  '/etc/redhat-release',
  '/etc/alpine-release',
];

/** Variables that name CA files or folders of the operator; passed to workers and made readable. */
export const certificateVariables = [
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'NODE_EXTRA_CA_CERTS',
] as const;

/** Debian's choices between packages, which libraries are found through. */
const passages = ['/etc/alternatives'];

/** path_resolution(7), ELOOP. */
const maxLinks = 40;

/** The links that a path leads over, each where it really lies. */
function linksOnTheWay(path: string): PathLink[] {
  const links: PathLink[] = [];
  let [real, rest] = ['/', path.split('/').filter((name) => name !== '')];
  for (let name = rest.shift(); name !== undefined && links.length < maxLinks; name = rest.shift()) {
    const next = join(real, name);
    if (lstatSync(next, { throwIfNoEntry: false })?.isSymbolicLink() !== true) {
      real = next;
      continue;
    }
    const target = readlinkSync(next);
    links.push({ path: next, target });
    rest = [
      ...resolve(dirname(next), target)
        .split('/')
        .filter((part) => part !== ''),
      ...rest,
    ];
    real = '/';
  }
  return links;
}

/** Of all paths, each once. */
function linksTo(paths: readonly string[]): PathLink[] {
  const links = paths.filter((path) => existsSync(path)).flatMap(linksOnTheWay);
  return [...new Map(links.map((link) => [link.path, link])).values()];
}

function existing(paths: readonly string[]): string[] {
  return [...new Set(paths.filter((path) => existsSync(path)).map((path) => realpathSync(path)))];
}

/**
 * Reads which of the system paths this host has.
 * @param env where the CA variables are looked up; the gateway's own environment, as config hands it over.
 */
export function loadSystemGrants(env: Readonly<Record<string, string | undefined>> = {}): SystemGrants {
  const own = certificateVariables.map((name) => env[name]).filter((path) => path?.startsWith('/') === true);
  const read = [
    ...libraries,
    ...certificates,
    ...placesAndTimes,
    ...resolver,
    ...hostFigures,
    ...sources,
    ...own.filter((path) => path !== undefined),
  ];
  return {
    read: existing(read),
    devices: existing(['/dev/null']),
    execute: existing(loaders),
    passages: existing(passages),
    links: linksTo([...read, ...loaders, ...passages]),
  };
}

/** Folders of the host's own programs, headers and shared data: what a build may run and read beside its toolchain. */
export function loadSystemPrograms(): readonly string[] {
  return existing(programPlaces);
}
