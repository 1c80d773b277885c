// Reads an uploaded template into memory. Nothing is written to disk here, and what could do harm when somebody does is
// refused.
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { extract, type Header } from 'tar-stream'
import { Refusal } from '../domain/errors.ts'

/** A template is a folder of sources; more than this is somebody's build output. */
export const MAX_ARCHIVE_ENTRIES = 1000
/** All files are held in memory at once while they are read. */
export const MAX_UNPACKED_BYTES = 16 * 1024 * 1024
/** What most file systems allow for one name, and more than any template needs for a path. */
export const MAX_PATH_LENGTH = 255

/** One header and padding for each entry, which `tar` adds to the files themselves, and long names. */
const MAX_TAR_BYTES = MAX_UNPACKED_BYTES + MAX_ARCHIVE_ENTRIES * 4096
const MAX_NAME_SHOWN = 100

/** Path from the archive's root, without a leading `./`, to content. Directories are left out. */
export async function readArchive(bytes: Uint8Array): Promise<Map<string, Buffer>> {
  const tar = await unzip(bytes)
  if (tar.length > MAX_TAR_BYTES) throw tooLarge()
  const files = new Map<string, Buffer>()
  const reader = extract()
  reader.end(tar)
  let entries = 0
  let unpacked = 0
  try {
    for await (const entry of reader) {
      const { header } = entry
      entries += 1
      // Null when it is written in no known way; the library would wait for the end of such an entry for ever.
      if (!Number.isSafeInteger(header.size)) throw new Error(`${header.name} has no size`)
      unpacked += header.size
      if (entries > MAX_ARCHIVE_ENTRIES) {
        throw invalid(
          `The template's archive has more than ${MAX_ARCHIVE_ENTRIES} entries.`,
          'Leave out what is generated.',
        )
      }
      if (unpacked > MAX_UNPACKED_BYTES) throw tooLarge()
      const path = checkEntry(header)
      // Not read: the stream of a directory that claims to have a size would never end.
      if (header.type === 'directory') continue
      if (path === '') throw invalid(`The entry ${show(header.name)} of the template's archive has no name.`)
      if (files.has(path)) throw invalid(`The entry ${show(header.name)} is in the template's archive twice.`)
      files.set(path, Buffer.concat(await Array.fromAsync(entry as AsyncIterable<Uint8Array>)))
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    const detail = 'Pack the folder again with `daybreak templates push` or `tar -cf`.'
    throw new Refusal('invalid', 'The template is not a tar archive, or it is damaged.', { cause: error, detail })
  }
  return files
}

async function unzip(bytes: Uint8Array): Promise<Uint8Array> {
  if (startsWith(bytes, [0x50, 0x4b])) {
    throw invalid('The template is a zip archive.', 'Pack it with `daybreak templates push` or `tar -czf`.')
  }
  if (!startsWith(bytes, [0x1f, 0x8b])) return bytes
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: MAX_TAR_BYTES })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge()
    const message = "The template's archive is damaged: it begins like gzip but cannot be unpacked."
    throw new Refusal('invalid', message, { cause: error, detail: 'Pack the folder and push it again.' })
  }
}

function startsWith(bytes: Uint8Array, signature: readonly number[]): boolean {
  return signature.every((byte, index) => bytes[index] === byte)
}

function checkEntry({ name, type }: Header): string {
  if (type !== 'file' && type !== 'directory') {
    throw invalid(
      `The entry ${show(name)} of the template's archive is ${KINDS[type] ?? 'of an unknown kind'}.`,
      FILES_ONLY,
    )
  }
  if (name.length > MAX_PATH_LENGTH) {
    throw invalid(`The path ${show(name)} in the template's archive is longer than ${MAX_PATH_LENGTH} characters.`)
  }
  // eslint-disable-next-line no-control-regex -- these are what must not be in a path
  if (/[\\\u0000-\u001f\u007f\ufffd]/.test(name)) {
    throw invalid(`The path ${show(name)} in the template's archive has a character that is not allowed.`)
  }
  const segments = name.split('/')
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name) || segments.includes('..')) {
    throw invalid(`The path ${show(name)} leads out of the template's archive.`, 'Pack the folder from inside it.')
  }
  return segments.filter((segment) => segment !== '' && segment !== '.').join('/')
}

const FILES_ONLY = 'Only files and folders can be in a template; put a copy in its place.'

const KINDS: Record<string, string> = {
  link: 'a hard link',
  symlink: 'a symbolic link',
  'character-device': 'a device',
  'block-device': 'a device',
  fifo: 'a named pipe',
}

function show(name: string): string {
  return JSON.stringify(name.length > MAX_NAME_SHOWN ? `${name.slice(0, MAX_NAME_SHOWN)}…` : name)
}

function tooLarge(): Refusal {
  const limit = `${MAX_UNPACKED_BYTES / 1024 / 1024} MiB`
  return invalid(`The template's files are larger than ${limit} together.`, 'Leave out what is generated.')
}

function invalid(message: string, detail?: string): Refusal {
  return new Refusal('invalid', message, detail === undefined ? {} : { detail })
}
