// The host's line: requests come in as JSON lines on stdin, answers go out on stdout, which belongs to nobody else.

import fs from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

// A thread of its own reads: the main one may compute for minutes, and must end all the same when the host is gone.
const READER = `
  const fs = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  const chunk = Buffer.alloc(65536);
  let rest = Buffer.alloc(0);
  for (;;) {
    let size = 0;
    try {
      size = fs.readSync(0, chunk, 0, chunk.length, null);
    } catch (problem) {
      if (problem.code === 'EAGAIN') { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20); continue; }
      size = 0;
    }
    if (size === 0) break;
    rest = Buffer.concat([rest, chunk.subarray(0, size)]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      parentPort.postMessage(rest.subarray(0, end).toString('utf8'));
      rest = rest.subarray(end + 1);
    }
  }
  parentPort.postMessage(null);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, workerData.patience);
  fs.rmSync(workerData.scratch, { recursive: true, force: true });
  process.kill(process.pid, 'SIGKILL');
`;

// Sends what anybody prints to stderr, the host's log.
export function claim() {
  globalThis.console = new console.Console(process.stderr, process.stderr);
}

export function send(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let at = 0; at < bytes.length; ) {
    at += fs.writeSync(1, bytes, at);
  }
}

// Starts, says so, and answers requests one after the other. The host may hang up at any time: then `leave` may tidy
// up for `patience` ms. `scratch`, the folder for temporary files, goes with the process.
export function serve({ scratch, start, answer, leave = async () => undefined, patience = 1000 }) {
  let turn = start().then(
    (ready) => send({ event: 'ready', ...ready }),
    async (problem) => {
      console.error(problem);
      send({ event: 'broken', message: firstLine(problem) });
      await leave();
      process.exit(1);
    },
  );
  const reader = new Worker(READER, { eval: true, workerData: { patience, scratch } });
  reader.on('message', (line) => {
    if (line === null) {
      // registered last, so that whoever kills a child on exit has done so
      process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));
      Promise.race([leave(), setTimeout(patience / 2)]).finally(() => process.exit(0));
      return;
    }
    turn = turn.then(() => respond(JSON.parse(line), answer));
  });
}

export function firstLine(problem) {
  return String(problem?.message ?? problem).trim().split('\n')[0].slice(0, 300);
}

async function respond(request, answer) {
  try {
    send({ id: request.id, ...(await answer(request)) });
  } catch (problem) {
    console.error(problem);
    send({ id: request.id, failure: { kind: 'program', message: firstLine(problem), phase: 'run' } });
  }
}
