// Builds each entry of src/entry into one file of web/static/client, the same bytes from the same sources.
//
//   node build.mjs           build
//   node build.mjs --check   build in memory and compare with what is committed; exit 1 on any difference
//
// The built files are committed, so that running the server needs no Node. They hold every dependency: a page loads
// nothing else. The licences of those dependencies go with them, as they ask, in licenses.txt.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { build } from "esbuild"

const here = import.meta.dirname
const entries = join(here, "src", "entry")
const target = resolve(here, "..", "static", "client")

/** The names in a folder with this ending, sorted; none if there is no such folder. */
async function names(folder, ending) {
  const found = await readdir(folder).catch((error) => {
    if (error.code === "ENOENT") return []
    throw error
  })
  return found.filter((name) => name.endsWith(ending)).sort()
}

/** The licence texts of the packages that any entry took code from. */
async function licenses(inputs) {
  const packages = new Set(inputs.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]))
  packages.delete(undefined)
  const texts = [...packages].sort().map(async (name) => {
    const text = await readFile(join(here, "node_modules", name, "LICENSE"), "utf8")
    return `${name}\n\n${text.trim()}\n`
  })
  return new TextEncoder().encode((await Promise.all(texts)).join("\n----\n\n"))
}

/** Bundle all entries in memory: file name → bytes. */
async function bundle() {
  const sources = await names(entries, ".ts")
  if (sources.length === 0) return new Map()
  const { outputFiles, metafile } = await build({
    absWorkingDir: here, // else the folder of the checkout would show in the bytes
    entryPoints: sources.map((name) => join("src", "entry", name)),
    outdir: target,
    bundle: true,
    write: false,
    format: "iife", // runs as a plain script and as a worker, and leaves no globals behind
    platform: "browser",
    target: "es2022",
    charset: "utf8",
    minify: true,
    sourcemap: false,
    legalComments: "none",
    banner: { js: "/* Psephos, AGPL-3.0-or-later; dependencies: licenses.txt. Built from web/client. */" },
    metafile: true,
    logLevel: "warning",
  })
  const built = new Map(outputFiles.map((file) => [file.path.slice(target.length + 1), file.contents]))
  return built.set("licenses.txt", await licenses(Object.keys(metafile.inputs)))
}

const built = await bundle()
const committed = await names(target, "")
const orphans = committed.filter((name) => !built.has(name))

if (process.argv.includes("--check")) {
  const differing = []
  for (const [name, bytes] of built) {
    const there = committed.includes(name) && (await readFile(join(target, name)))
    if (!there || !there.equals(bytes)) differing.push(name)
  }
  for (const name of differing) console.error(`web/static/client/${name} is not what web/client builds.`)
  for (const name of orphans) console.error(`web/static/client/${name} has no source in web/client/src/entry.`)
  if (differing.length + orphans.length > 0) {
    console.error("Run `make client` and commit what it builds.")
    process.exit(1)
  }
} else {
  await mkdir(target, { recursive: true })
  for (const name of orphans) await rm(join(target, name))
  for (const [name, bytes] of built) {
    await writeFile(join(target, name), bytes)
    console.log(`web/static/client/${name}  ${bytes.length} bytes`)
  }
}
