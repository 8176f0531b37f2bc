#!/usr/bin/env node
'use strict'
// Finds a Node that can run Lazuli and runs it there. Old JavaScript on purpose: it has to run on the Node that a
// distribution ships, if only to replace it.

var childProcess = require('node:child_process')
var fs = require('node:fs')
var os = require('node:os')
var path = require('node:path')

var root = path.resolve(__dirname, '..')
var built = path.join(root, 'dist', 'cli.mjs')
var source = path.join(root, 'src', 'cli', 'main.ts')
var ownNode = path.join(root, 'node_modules', '.bin', 'node')
var isCheckout = fs.existsSync(source)

/** node:sqlite came with 22.13. On 24 it, and types in source files, cause no warning any more. */
function isAtLeast(major, minor) {
  var parts = process.versions.node.split('.').map(Number)
  return parts[0] > major || (parts[0] === major && parts[1] >= minor)
}

/** The program: in a checkout the sources, unless a build is newer than all of them. */
function program() {
  if (!isCheckout) return built
  return fs.existsSync(built) && !isNewerThan(fs.statSync(built).mtimeMs, path.join(root, 'src')) ? built : source
}

/** Whether anything below the folder was changed after that time. */
function isNewerThan(time, folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).some(entry => {
    var entryPath = path.join(folder, entry.name)
    return entry.isDirectory() ? isNewerThan(time, entryPath) : fs.statSync(entryPath).mtimeMs > time
  })
}

function isThisNode(file) {
  return fs.realpathSync(file) === fs.realpathSync(process.execPath)
}

function main() {
  var file = program()
  if (!fs.existsSync(file)) {
    process.stderr.write(`lazuli: ${file} is missing. Install the package again, or run npm run build.\n`)
    process.exit(1)
  }
  // On Node 22 the command line is the only place to say that we know that node:sqlite is young.
  var quiet = '--disable-warning=ExperimentalWarning'
  var again = [quiet, __filename].concat(process.argv.slice(2))
  var isChosen = process.execArgv.indexOf(quiet) >= 0
  if (!isChosen) {
    if (isCheckout && fs.existsSync(ownNode) && !isThisNode(ownNode)) return become(ownNode, again)
    if (!isAtLeast(22, 13)) return become('npx', ['-y', '-p', 'node@24', '--', 'node'].concat(again))
    if (!isAtLeast(24, 0)) return become(process.execPath, again)
  }
  // Sources have to be stripped of their types, which is half of the work of a start; kept, it is done once.
  if (file === source) require('node:module').enableCompileCache(path.join(root, 'node_modules', '.cache', 'lazuli'))
  return import(file)
}

/** Runs a program in our place: its input and output are ours, and we end as it ends. */
function become(command, args) {
  var signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT']
  // Before the child starts: it may be fast, and whoever waits for it may be, too.
  signals.forEach(signal => {
    process.on(signal, () => {
      // What is typed at a terminal reaches everyone in the foreground, the child too; twice would be once too often.
      var isTyped = (signal === 'SIGINT' || signal === 'SIGQUIT') && process.stdin.isTTY
      if (!isTyped) child.kill(signal)
    })
  })
  var child = childProcess.spawn(command, args, { stdio: 'inherit' })
  child.on('error', error => {
    process.stderr.write(`lazuli: needs Node 22.13 or newer; this is ${process.versions.node}, and ${error.message}\n`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code)
    signals.forEach(name => {
      process.removeAllListeners(name)
    })
    process.kill(process.pid, signal)
    // Some signals do not end a process, and a few cannot be sent to oneself.
    setTimeout(() => {
      process.exit(128 + os.constants.signals[signal])
    }, 1000)
  })
}

main()
