import { quotedWord, unitText } from '../../host/systemd.ts'

export const unitName = 'akvvm_service.service'

/** It writes where the settings say and runs the commands that they name, so there is little to be taken from it. */
export const unitFile = (command: readonly string[], folder: string): string =>
  unitText(
    '[Unit]',
    'Description=Keeps certificates from Key Vault up to date',
    'Wants=network-online.target',
    'After=network-online.target',
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${command.map(quotedWord).join(' ')}`,
    `WorkingDirectory=${folder.replaceAll('%', '%%')}`,
    'ExecReload=kill -HUP $MAINPID',
    'Restart=always',
    'RestartSec=2',
    'UMask=0077',
    // Writing is over in a moment, and what is running after a renewal has its own limit.
    'TimeoutStopSec=75',
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  )
