// Runs models in a browser for the host: node browser.mjs SETTINGS (JSON); the same lines as node.mjs.
// One browser serves many requests. On the GPU each model gets a fresh page, for compiling its shaders is part of what its
// first prediction costs; elsewhere one page serves model after model, which saves what opening it costs.

import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import * as channel from './channel.mjs';
import { Server } from './server.mjs';

const SHADERS = /^web/;
const CLOSING_MS = 4000;
const LAUNCH_MS = 60_000;
const PACKAGES = ['core', 'layers', 'converter', 'backend-cpu', 'backend-wasm', 'backend-webgl', 'backend-webgpu'].map(
  (part) => `tfjs-${part}`,
);
const FLAGS = [
  '--enable-unsafe-swiftshader',
  '--enable-unsafe-webgpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-proxy-server',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

// The browser puts a socket into its temporary folder, and systems take only short paths for sockets.
const SOCKET = '/org.chromium.Chromium.XXXXXX/SingletonSocket';
const LONGEST = 100;

function temporary(scratch) {
  const tooLong = process.platform !== 'win32' && scratch.length + SOCKET.length > LONGEST;
  return tooLong ? { TMPDIR: '/tmp' } : {};
}

class Driver {
  constructor(settings) {
    this.settings = settings;
    this.server = new Server();
    this.pages = new Map();
  }

  async start() {
    const { modules, executable, sandbox } = this.settings;
    const require = createRequire(path.join(modules, 'package.json'));
    const { chromium } = require('playwright-core');
    await this.server.listen();
    this.server.mount('modules', path.join(modules, 'node_modules'));
    this.home = this.server.mount('js', path.dirname(fileURLToPath(import.meta.url)));
    this.browser = await chromium.launch({
      executablePath: executable,
      headless: true,
      chromiumSandbox: sandbox,
      args: FLAGS,
      env: { ...process.env, ...temporary(this.settings.scratch) },
      timeout: LAUNCH_MS,
    });
    const page = await this.opened();
    const abilities = await page.evaluate(() => globalThis.verifier.abilities());
    await page.close();
    const packages = PACKAGES.map((name) => [name, require(`@tensorflow/${name}/package.json`).version]);
    return { abilities, versions: { browser: this.browser.version(), ...Object.fromEntries(packages) } };
  }

  async opened() {
    const page = await this.browser.newPage();
    page.on('console', (message) => console.error(`page: ${message.text()}`));
    page.on('pageerror', (problem) => console.error(`page: ${problem}`));
    await page.goto(`${this.home}/page.html`);
    await page.waitForFunction(() => globalThis.verifier, undefined, { timeout: 60_000 });
    return page;
  }

  // The page that this request may run in: the one that its backend has, or a fresh one.
  async pageFor({ backend, format, key }) {
    const served = SHADERS.test(backend) ? `${format} ${key}` : 'every model';
    if (this.pages.get(backend)?.served !== served) {
      await this.discard(backend);
      this.pages.set(backend, { served, page: await this.opened() });
    }
    return this.pages.get(backend).page;
  }

  async answer(request) {
    fs.mkdirSync(request.outputs, { recursive: true });
    const name = encodeURIComponent(path.basename(request.model));
    const asked = {
      ...request,
      model: `${this.server.mount('model', path.dirname(request.model))}/${name}`,
      inputs: this.server.mount('inputs', request.inputs),
      outputs: this.server.mount('outputs', request.outputs, { writable: true }),
    };
    const page = await this.pageFor(request);
    try {
      const result = this.checked(await page.evaluate((wanted) => globalThis.verifier.run(wanted), asked));
      if (result.failure) {
        await this.discard(request.backend);
      }
      return result;
    } catch (problem) {
      await this.discard(request.backend);
      return { failure: { kind: 'crash', message: `the page died: ${channel.firstLine(problem)}`, phase: 'run' } };
    }
  }

  // TensorFlow.js goes on with the bytes of an error page when a file of weights is not there.
  checked(result) {
    const absent = this.server.absent('model');
    const message = `a file of the model is missing: ${absent.join(', ')}`;
    return absent.length ? { failure: { kind: 'files', message, phase: 'load' } } : result;
  }

  async discard(backend) {
    const old = this.pages.get(backend);
    this.pages.delete(backend);
    await old?.page.close().catch(() => undefined);
  }

  async stop() {
    this.server.close();
    await this.browser?.close().catch(() => undefined);
  }
}

channel.claim();
const settings = JSON.parse(process.argv[2]);
const driver = new Driver(settings);
channel.serve({
  scratch: settings.scratch,
  start: () => driver.start(),
  answer: (request) => driver.answer(request),
  leave: () => driver.stop(),
  patience: CLOSING_MS,
});
