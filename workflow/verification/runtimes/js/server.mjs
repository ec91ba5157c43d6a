// A server for one browser on this machine: the page, the packages, and the folders of the request at hand.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { randomBytes, timingSafeEqual } from 'node:crypto';

const IDLE_MS = 30_000;
const HEAD_MS = 10_000;
const MOST_CONNECTIONS = 64;
const HEADERS = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Content-Security-Policy':
    "default-src 'self'; img-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; object-src 'none'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
};

// Serves on a free port of 127.0.0.1; what is not mounted does not exist, and every address holds a secret.
export class Server {
  constructor() {
    this.secret = randomBytes(16).toString('hex');
    this.mounts = new Map();
    this.server = http.createServer({ headersTimeout: HEAD_MS, connectionsCheckingInterval: 1000 }, (request, response) =>
      this.handle(request, response),
    );
    this.server.keepAliveTimeout = IDLE_MS;
    this.server.maxConnections = MOST_CONNECTIONS;
  }

  async listen() {
    await new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(0, '127.0.0.1', resolve);
    });
    this.host = `127.0.0.1:${this.server.address().port}`;
  }

  // Puts a folder below `name`; `writable` folders take POSTs. Returns its address.
  mount(name, folder, { writable = false } = {}) {
    this.mounts.set(name, { folder: path.resolve(folder), writable, absent: [] });
    return `http://${this.host}/${this.secret}/${name}`;
  }

  // Returns the files below `name` that were asked for and are not there.
  absent(name) {
    return this.mounts.get(name)?.absent ?? [];
  }

  close() {
    this.server.close();
    this.server.closeAllConnections?.();
  }

  handle(request, response) {
    const place = this.placeOf(request);
    if (!place) {
      response.writeHead(404, HEADERS).end();
    } else if (request.method === 'GET') {
      get(place.file, response, place.absent);
    } else if (request.method === 'POST' && place.writable) {
      post(place.file, request, response);
    } else {
      response.writeHead(405, HEADERS).end();
    }
  }

  placeOf(request) {
    const [, secret, name, ...rest] = request.url.split('?')[0].split('/');
    const mount = this.mounts.get(name);
    if (request.headers.host !== this.host || !isEqual(secret ?? '', this.secret) || !mount) {
      return null;
    }
    const file = path.join(mount.folder, decoded(rest.join('/')));
    if (!isInside(file, mount.folder)) {
      mount.absent.push(path.basename(file));
      return null;
    }
    return { file, writable: mount.writable, absent: mount.absent };
  }
}

// In a time that tells nothing of how much of it is right.
function isEqual(given, secret) {
  const [one, other] = [given, secret].map((text) => Buffer.from(text));
  return one.length === other.length && timingSafeEqual(one, other);
}

// Whether a file, with links followed, lies in the folder; one that is not there yet lies where its own folder does.
function isInside(file, folder) {
  if (file.includes('\0') || !file.startsWith(folder + path.sep)) {
    return false;
  }
  try {
    return real(file).startsWith(real(folder) + path.sep);
  } catch {
    const isLink = fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
    const above = path.dirname(file);
    return !isLink && (above === folder || isInside(above, folder));
  }
}

// The path with links followed, one letter for each byte: a folder that a link leads to may have a name that is no text.
function real(name) {
  return fs.realpathSync.native(name, 'latin1');
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function get(file, response, absent) {
  if (!fs.statSync(file, { throwIfNoEntry: false })?.isFile()) {
    absent.push(path.basename(file));
    response.writeHead(404, HEADERS).end();
    return;
  }
  const stream = fs.createReadStream(file);
  stream.on('error', () => {
    absent.push(path.basename(file));
    if (response.headersSent) {
      response.destroy();
    } else {
      response.writeHead(404, HEADERS).end();
    }
  });
  stream.once('open', () => {
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { ...HEADERS, 'Content-Type': type });
    stream.pipe(response);
  });
}

function post(file, request, response) {
  const sink = fs.createWriteStream(file);
  sink.once('error', () => response.writeHead(500, HEADERS).end());
  sink.once('finish', () => response.writeHead(204, HEADERS).end());
  request.pipe(sink);
}
