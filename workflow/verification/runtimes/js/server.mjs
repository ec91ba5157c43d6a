// A server for one browser on this machine: the page, the packages, and the folders of the request at hand.

import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { randomBytes } from 'node:crypto';

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
    this.server = http.createServer((request, response) => this.handle(request, response));
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
      response.writeHead(404).end();
    } else if (request.method === 'GET') {
      get(place.file, response, place.absent);
    } else if (request.method === 'POST' && place.writable) {
      post(place.file, request, response);
    } else {
      response.writeHead(405).end();
    }
  }

  placeOf(request) {
    const [, secret, name, ...rest] = request.url.split('?')[0].split('/');
    const mount = this.mounts.get(name);
    if (request.headers.host !== this.host || secret !== this.secret || !mount) {
      return null;
    }
    const file = path.join(mount.folder, decoded(rest.join('/')));
    return file.startsWith(mount.folder + path.sep) ? { file, writable: mount.writable, absent: mount.absent } : null;
  }
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function get(file, response, absent) {
  const stream = fs.createReadStream(file);
  stream.once('error', () => {
    absent.push(path.basename(file));
    response.writeHead(404).end();
  });
  stream.once('open', () => {
    const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
    response.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
    stream.pipe(response);
  });
}

function post(file, request, response) {
  const sink = fs.createWriteStream(file);
  sink.once('error', () => response.writeHead(500).end());
  sink.once('finish', () => response.writeHead(204).end());
  request.pipe(sink);
}
