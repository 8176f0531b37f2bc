import { jsonAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { makeMissing } from './make.ts'
import { permissionIn } from './parameters.ts'
import { notAFolder } from './refusals.ts'
import { found, walk } from './walk.ts'

/** Makes a folder and those before it. One that exists is as good as made. */
export const makeFolders = fileOperation<'write'>({
  method: 'PUT',
  op: 'MKDIRS',
  verb: 'write',
  async run(ask) {
    const permission = permissionIn(ask.parameters)
    await ask.cx.store.write(async tx => {
      const way = await walk(tx.dataLakeFiles, ask, ask.path)
      const file = found(way)
      if (file?.kind === 'FILE') throw notAFolder()
      if (!file) await makeMissing(tx, ask, way, { kind: 'DIRECTORY', permission })
    })
    return jsonAnswer({ boolean: true })
  },
})
