import { jsonAnswer } from './answers.ts'
import { fileOperation } from './file-operation.ts'
import { touch } from './make.ts'
import { isTrue } from './parameters.ts'
import { illegalArgument, notEmpty } from './refusals.ts'
import { demandMaking, demandTaking, demandTakingAll, folderOf, found, walk } from './walk.ts'

/** Takes something away; a folder that is not empty only with `recursive`. False when there is nothing. */
export const deleteFile = fileOperation<'write'>({
  method: 'DELETE',
  op: 'DELETE',
  verb: 'write',
  async run(ask) {
    const { cx, grant, account, who, path, parameters } = ask
    const done = await cx.store.write(async tx => {
      const way = await walk(tx.dataLakeFiles, ask, path)
      const [folder, file] = [folderOf(way), found(way)]
      if (!folder) throw illegalArgument('The root cannot be deleted.')
      if (!file) {
        if (folder.kind === 'DIRECTORY') demandMaking(who, folder)
        return false
      }
      demandTaking(who, folder, file)
      if (file.kind === 'DIRECTORY') {
        const { isEmpty } = await demandTakingAll(tx.dataLakeFiles, ask, file)
        if (!isEmpty && !isTrue(parameters, 'recursive')) throw notEmpty()
      }
      await tx.dataLakeFiles.remove(grant, account, file)
      await touch(tx, { account, grant, cx }, folder)
      return true
    })
    return jsonAnswer({ boolean: done })
  },
})
