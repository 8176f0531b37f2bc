/**
 * Scripts for root in a machine whose Key Vault extension has a clock of its own: Debian's libfaketime gives the service,
 * and nothing else, a time that runs fast or jumps. Its timers, and how long it waits for an answer, go by that clock, too.
 */

const store = '/var/lib/waagent/Microsoft.Azure.KeyVault.Store'
const logFolder = '/var/log/azure/Microsoft.Azure.KeyVault.KeyVaultForLinux'

/** Vaults, by what happens to them. */
export const troubles = ['throttled', 'failing', 'forged', 'nameless'] as const
export type Trouble = (typeof troubles)[number]

export const linkOf = (vault: Trouble) => `${store}/${vault}.web`

export const retryAfterSec = 900
export const troubleSec = 6.25 * 3600

const fast = 1000
/** Slow enough for the network of a busy host, within the patience that the service has by its clock. */
const slow = 200

/** By the clock that everybody else goes by. */
const patienceSec = 120

/** With the service's clock in a file. Its monotonic clock goes with it, or stays what it is. */
export const giveClock = (clock: string, { monotonic }: { monotonic: 'too' | 'real' }): string => `
drop=/run/systemd/system/akvvm_service.service.d
mkdir -p $drop
cat > $drop/clock.conf <<END
[Service]
Environment=LD_PRELOAD=$(dpkg -L libfaketime | grep /libfaketimeMT.so.1)
Environment=FAKETIME_TIMESTAMP_FILE=/run/clock FAKETIME_NO_CACHE=1${monotonic === 'real' ? ' FAKETIME_DONT_FAKE_MONOTONIC=1' : ''}
END
${setClock(clock)}
systemctl daemon-reload
`

/** In one step: nobody reads half of it. */
const setClock = (clock: string): string => `echo "${clock}" > /run/clock.new; mv /run/clock.new /run/clock`

const ofLinks = `
links='${troubles.map(linkOf).join(' ')}'
linked() { for link in $links; do readlink $link; done; }
whole() {
  for link in $links; do
    openssl x509 -noout -in $link
    openssl pkey -noout -in $link
  done
}
log=$(ls -t ${logFolder}/akvvm_service_*.log | head -n 1)
secondOf() { date -u -d "$(echo "$1" | cut -c 1-19)" +%s; }
`

/** nginx stands where the vaults were, and answers as vaults in trouble do. One of them has lost its name. */
export const takeVaultsAway = `
cat /tmp/root.pem >> /etc/ssl/certs/ca-certificates.crt
server() { echo "server { listen $1:443 ssl; access_log /var/log/nginx/$2.log; ssl_certificate $3; ssl_certificate_key $3; location / { $4 } }"; }
{
  server 127.0.0.2 throttled /tmp/vaults.pem 'add_header Retry-After ${retryAfterSec} always; return 429;'
  server 127.0.0.3 failing /tmp/vaults.pem 'return 503;'
  server 127.0.0.4 forged /tmp/forged.pem 'return 200;'
} > /etc/nginx/conf.d/vaults.conf
systemctl start nginx
cp /etc/hosts /tmp/hosts
cp /etc/resolv.conf /tmp/resolv.conf
printf '%s.vault.azure.net\\n' '127.0.0.2 throttled' '127.0.0.3 failing' '127.0.0.4 forged' >> /etc/hosts
echo 'nameserver 127.0.0.1' > /etc/resolv.conf
`

/**
 * The service goes through hours of trouble, without an agent that could tell it anything. All the while each link leads
 * to what it led to, whole. Prints what it has logged.
 */
export const hoursOfTrouble = `
systemctl stop lazuli-agent akvvm_service
${giveClock(`+0 x${fast}`, { monotonic: 'too' })}
touch /run/trouble-begins
systemctl start akvvm_service
while [ -z "$(find ${logFolder} -newer /run/trouble-begins)" ] && [ $SECONDS -lt ${patienceSec} ]; do sleep 0.1; done
${ofLinks}
before=$(linked)
from=$(secondOf "$(head -n 1 $log)")
while [ $SECONDS -lt ${patienceSec} ]; do
  whole
  [ "$(linked)" = "$before" ]
  [ $(($(secondOf "$(tail -n 1 $log)") - from)) -lt ${troubleSec} ] || break
done
cat $log
`

export const requestsTo = (vault: Trouble): string => `cat /var/log/nginx/${vault}.log | wc -l`

export const status = `cat $(ls -t /var/lib/waagent/Microsoft.Azure.KeyVault.KeyVaultForLinux-*/status/*.status | head -n 1)`

/** The vaults are back. Nobody tells the service, which goes on by a slower clock, and not one that goes back. */
export const giveVaultsBack = (versions: readonly string[]): string => `
${ofLinks}
began=$(systemctl show -P ExecMainStartTimestampMonotonic akvvm_service)
now=$(cut -d' ' -f1 /proc/uptime | tr -d .)0000
${setClock(`+$(((now - began) / 1000000 * ${fast - slow} + ${2 * fast})) x${slow}`)}
cp /tmp/hosts /etc/hosts
cat /tmp/resolv.conf > /etc/resolv.conf
# It would go on answering on the connections that there are.
systemctl stop nginx
${untilLinked(versions)}
`

const untilLinked = (versions: readonly string[]): string => `
wanted='${troubles.map((vault, at) => `${vault}.web.${versions[at]}`).join('\n')}'
while [ $SECONDS -lt ${patienceSec} ]; do
  whole
  [ "$(linked)" != "$wanted" ] || break
  sleep 0.1
done
[ "$(linked)" = "$wanted" ] || { tail -n 20 $log; false; }
`

/** Somebody sets the service's clock, which asks for everything again by it. Prints what went wrong with that. */
export const jump = (clock: string, versions: readonly string[]): string => `
${ofLinks}
lines=$(wc -l < $log)
since() { tail -n +$((lines + 1)) $log | sed -n '/The clock has jumped/,$p'; }
${setClock(clock)}
while [ $SECONDS -lt ${patienceSec} ]; do
  whole
  [ $(since | grep -c 'Beginning refresh') -lt ${2 * troubles.length} ] || break
  sleep 0.1
done
since | head -n 1
since | grep 'failed with exception' || true
${untilLinked(versions)}
`
