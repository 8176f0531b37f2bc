/**
 * The rules of a virtual network's namespace, for nft. Machines reach each other, the metadata address and the fabric's
 * name server and TLS port; nothing else on the host and nothing beyond it. What is refused is refused aloud, so that
 * programs in machines fail at once.
 */
export const firewall = `
table inet lazuli
delete table inet lazuli
table inet lazuli {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iifname "lo" accept
    iifname "m*" ip daddr 169.254.169.254 tcp dport 80 accept
    iifname "m*" ip daddr 168.63.129.16 tcp dport 443 accept
    iifname "m*" ip daddr 168.63.129.16 udp dport 53 accept
    iifname "m*" icmp type echo-request accept
    iifname "m*" meta l4proto tcp reject with tcp reset
    iifname "m*" reject
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "host" oifname "m*" accept
    iifname "m*" oifname "m*" accept
    iifname "m*" meta l4proto tcp reject with tcp reset
    iifname "m*" reject
  }
}
`
