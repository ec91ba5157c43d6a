// Runs a script of Node's (npm) that ends when the host does: node tethered.mjs SCRIPT ARGUMENTS...

import { spawn } from 'node:child_process';

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ['ignore', 'inherit', 'inherit'] });
child.on('error', (problem) => {
  console.error(problem.message);
  process.exit(1);
});
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
process.stdin.on('end', () => child.kill('SIGKILL'));
process.stdin.resume();
