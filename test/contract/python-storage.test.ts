/** The blob library for Python, as Debian ships it. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startLazuli } from '../start.ts'
import { newGroup } from './arrange.ts'
import { azEnvironment, azLane, lanesMissing } from './az.ts'
import { newAccount } from './storage.ts'

const program = `
import os, sys
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

url, key = sys.argv[1:]
service = BlobServiceClient(url, credential=key)
box = service.create_container("box", metadata={"made": "here"})
body = os.urandom(5_000_000)
blob = box.upload_blob("dir/long", body, metadata={"a": "b"}, max_concurrency=2)
assert blob.download_blob().readall() == body
assert blob.download_blob(offset=1000, length=10).readall() == body[1000:1010]
assert blob.get_blob_properties().metadata == {"a": "b"}
try:
    box.upload_blob("dir/long", b"x")
    raise SystemExit("overwritten")
except ResourceExistsError as error:
    assert error.error_code == "BlobAlreadyExists", error.error_code
box.upload_blob("empty", b"")
assert box.download_blob("empty").readall() == b""
log = box.get_blob_client("log")
log.create_append_blob()
log.append_block(b"one")
assert log.download_blob().readall() == b"one"
assert [item.name for item in box.list_blobs()] == ["dir/long", "empty", "log"]
assert [item.name for item in box.walk_blobs()] == ["dir/", "empty", "log"]
lease = blob.acquire_lease(15)
blob.delete_blob(lease=lease)
assert not blob.exists()
try:
    blob.download_blob()
    raise SystemExit("still there")
except ResourceNotFoundError as error:
    assert error.error_code == "BlobNotFound", error.error_code
service.delete_container("box")
print("done")
`

test('azure-storage-blob for Python works unmodified', { skip: lanesMissing }, async t => {
  const [lazuli, lane] = await Promise.all([startLazuli(t), azLane('trixie', t)])
  const account = await newAccount(lazuli, await newGroup(lazuli))
  const [key = ''] = await account.keys()
  const file = join(lane.home, 'program.py')
  await writeFile(file, program)
  const url = `https://${account.name}.blob.core.windows.net`
  const { exitCode, stdout, stderr } = await lazuli.exec(['python3', file, url, key], { env: azEnvironment(lane) })
  assert.equal(exitCode, 0, stderr)
  assert.equal(stdout, 'done\n')
})
