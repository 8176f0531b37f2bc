/**
 * Scripts for root in a machine with the Key Vault extension, whose vault, disk and daemon have everything happen to them
 * that can. Each says what came of it in one line.
 */

const log = '/var/log/azure/Microsoft.Azure.KeyVault.KeyVaultForLinux'
const vault = 'exampleVault.vault.azure.net'
const trusted = '/etc/ssl/certs/ca-certificates.crt'

/** Ends the daemon before the n-th change of its store, where the file says so, and notes what that was. */
const killer = `
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
const wish = '/run/kill-at'
let left = fs.existsSync(wish) ? Number(fs.readFileSync(wish, 'utf8')) : -1
fs.rmSync(wish, { force: true })
const held = new Set()
const isOfStore = at => typeof at === 'string' ? at.includes('/proc/self/fd/') && at.includes('.tmp-') : held.has(at)
for (const name of ['openSync', 'writeSync', 'fsyncSync', 'renameSync', 'symlinkSync']) {
  const real = fs[name]
  fs[name] = (...args) => {
    if (isOfStore(args[name === 'symlinkSync' ? 1 : 0]) && left-- === 0) {
      fs.appendFileSync('/run/killed', name + ' ')
      process.kill(process.pid, 'SIGKILL')
    }
    const result = real(...args)
    // Drafts, and the folder itself.
    if (name === 'openSync' && (isOfStore(args[0]) || args[0] === process.env.STORE)) held.add(result)
    return result
  }
}
const { closeSync } = fs
fs.closeSync = file => (held.delete(file), closeSync(file))
syncBuiltinESMExports()
`

/** What a version is installed by, step by step; a daemon that is killed before one of them is started anew. */
export const steps = 'openSync writeSync fsyncSync renameSync fsyncSync symlinkSync renameSync fsyncSync'

/** A file that is read as often as one can, while the daemon is killed before each step of writing it anew. */
export const killedAtEachStep = (store: string, link: string, older: string): string => `
set -eu
drop=/run/systemd/system/akvvm_service.service.d
mkdir -p $drop
cat > /run/killer.mjs <<'END'
${killer}
END
printf '[Service]\\nRestartSec=100ms\\nEnvironment=STORE=${store} NODE_OPTIONS=--import=/run/killer.mjs\\n' > $drop/killer.conf
systemctl daemon-reload
rm -f /run/killed
newest=$(readlink ${link})
for step in $(seq 0 ${steps.split(' ').length - 1}); do
  systemctl stop akvvm_service
  ln -sfn ${older} ${link}
  rm ${store}/$newest
  echo $step > /run/kill-at
  systemctl start akvvm_service
  ${wholeUntil(link, '$newest')}
  while [ -e /run/kill-at ]; do sleep 0.05; done
done
rm -r $drop
systemctl daemon-reload
systemctl restart akvvm_service
cat /run/killed
`

/** Reads the certificate and the key until the link leads to a version. */
function wholeUntil(link: string, version: string): string {
  return `for look in $(seq 3600); do
    now=$(readlink ${link})
    openssl x509 -noout -in ${link} && openssl pkey -noout -in ${link}
    [ $now != ${version} ] || break
    sleep 0.05
  done
  [ $(readlink ${link}) = ${version} ]`
}

export const smallStore = '/mnt/small'

export const mountSmallStore = `mkdir -p ${smallStore} && mount -t tmpfs -o size=64k,mode=700 small ${smallStore}`
export const fillSmallStore = `dd if=/dev/zero of=${smallStore}/fill bs=1k 2>/dev/null || true`

/** Makes the vault's name lead to nginx in the machine, which answers as a vault in trouble does. */
export const troubledVaults = (link: string): string => `
set -eu
cat /tmp/root.pem >> ${trusted}
for trouble in '2 503' '3 429'; do
  set -- $trouble
  echo "server { listen 127.0.0.$1:443 ssl; ssl_certificate /tmp/vault.pem; ssl_certificate_key /tmp/vault.pem; location / { add_header Retry-After 1 always; return $2; } }"
done > /etc/nginx/conf.d/vaults.conf
echo "server { listen 127.0.0.4:443 ssl; ssl_certificate ${link}; ssl_certificate_key ${link}; }" >> /etc/nginx/conf.d/vaults.conf
systemctl reload nginx
`

/**
 * A renewal found the small store full; from then on one fault comes after the other. What is linked there stays what it
 * was, whole, until nothing is wrong any more; then it is renewed without anybody asking.
 */
export const faults = (link: string, { before, after }: { before: string; after: string }): string => `
set -eu
small=${smallStore}/$(basename ${link})
said() { cat ${log}/akvvm_service_*.log | grep -c -E "failed with exception: .*($1)" || true; }
whole() {
  [ $(readlink $1) = $2 ]
  openssl x509 -noout -in $1
  openssl pkey -noout -in $1
}
fault() {
  for look in $(seq 1800); do [ $(said "$1") -le $2 ] || break; sleep 0.1; done
  [ $(said "$1") -gt $2 ]
  whole $small ${before}
  echo "$1"
}
again() {
  seen=$(said "$1")
  # Whom it trusts has changed, so connections are made anew.
  touch ${trusted}
  systemctl reload akvvm_service
  fault "$1" $seen
  whole ${link} ${after}
}
fault ENOSPC 0
rm ${smallStore}/fill
mount -o remount,ro ${smallStore}
again EROFS
mount -o remount,rw ${smallStore}
cp /etc/hosts /tmp/hosts
cp /etc/resolv.conf /tmp/resolv.conf
hosts() { (cat /tmp/hosts; echo "$1") > /etc/hosts; }
hosts '127.0.0.2 ${vault}'
again 503
hosts '127.0.0.3 ${vault}'
again 429
hosts '127.0.0.4 ${vault}'
again 'certificate|altnames'
cp /tmp/hosts /etc/hosts
echo 'nameserver 127.0.0.1' > /etc/resolv.conf
again 'EAI_AGAIN|ENOTFOUND'
cat /tmp/resolv.conf > /etc/resolv.conf
${wholeUntil('$small', after)}
whole ${link} ${after}
umount ${smallStore}
echo well
`
