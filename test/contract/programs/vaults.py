"""What azure-keyvault for Python does with a vault, each step checked: VAULT_URL says which."""

import base64
import hashlib
import os
from datetime import datetime, timedelta, timezone

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import EnvironmentCredential
from azure.keyvault.certificates import (
    AdministratorContact,
    CertificateClient,
    CertificateContact,
    CertificateContentType,
    CertificatePolicy,
    CertificatePolicyAction,
    LifetimeAction,
    WellKnownIssuerNames,
)
from azure.keyvault.keys import (
    JsonWebKey,
    KeyClient,
    KeyRotationLifetimeAction,
    KeyRotationPolicy,
    KeyRotationPolicyAction,
)
from azure.keyvault.keys.crypto import EncryptionAlgorithm, KeyWrapAlgorithm, SignatureAlgorithm
from azure.keyvault.secrets import SecretClient
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

url = os.environ["VAULT_URL"]
credential = EnvironmentCredential()
secrets, keys, certificates = (make(url, credential) for make in (SecretClient, KeyClient, CertificateClient))
quickly = {"_polling_interval": 0.05}


def names(items):
    return sorted(item.name for item in items)


def refused(kind, code, act):
    try:
        act()
    except kind as error:
        assert error.error.code == code, error
        return error
    raise SystemExit(f"{code} was expected")


def keep_secrets():
    first = secrets.set_secret("py", "first")
    expires = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(days=1)
    second = secrets.set_secret("py", "from python", tags={"a": "b"}, content_type="text", expires_on=expires)
    assert secrets.get_secret("py").value == "from python"
    assert secrets.get_secret("py", first.properties.version).value == "first"
    shown = secrets.get_secret("py").properties
    assert (shown.tags, shown.content_type, shown.expires_on) == ({"a": "b"}, "text", expires)
    versions = {item.version for item in secrets.list_properties_of_secret_versions("py")}
    assert versions == {first.properties.version, second.properties.version}
    secrets.update_secret_properties("py", enabled=False)
    refused(HttpResponseError, "Forbidden", lambda: secrets.get_secret("py"))
    secrets.update_secret_properties("py", enabled=True)
    backup = secrets.backup_secret("py")

    deleted = secrets.begin_delete_secret("py", **quickly).result()
    assert deleted.recovery_id == f"{url}/deletedsecrets/py", deleted.recovery_id
    refused(ResourceNotFoundError, "SecretNotFound", lambda: secrets.get_secret("py"))
    refused(ResourceExistsError, "Conflict", lambda: secrets.set_secret("py", "again"))
    assert names(secrets.list_deleted_secrets()) == ["py"]
    assert secrets.begin_recover_deleted_secret("py", **quickly).result().version == second.properties.version
    secrets.begin_delete_secret("py", **quickly).wait()
    secrets.purge_deleted_secret("py")
    refused(ResourceNotFoundError, "SecretNotFound", lambda: secrets.get_deleted_secret("py"))
    assert secrets.restore_secret_backup(backup).version == second.properties.version
    assert secrets.get_secret("py").value == "from python"

    for number in range(26):
        secrets.set_secret(f"many-{number}", "x")
    assert len(list(secrets.list_properties_of_secrets())) == 27


def keep_keys():
    made = keys.create_rsa_key("door", size=2048, tags={"a": "b"})
    assert (made.key_type, made.properties.tags) == ("RSA", {"a": "b"})
    other = keys.create_rsa_key("door", size=3072, key_operations=["sign", "verify"])
    versions = {item.version for item in keys.list_properties_of_key_versions("door")}
    assert versions == {made.properties.version, other.properties.version}
    assert keys.get_key("door").id == other.id
    curve = keys.create_ec_key("curve", curve="P-384")
    assert curve.key.crv == "P-384"

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = {"kty": "RSA", "key_ops": ["sign", "verify", "encrypt", "decrypt", "wrapKey", "unwrapKey"]}
    for name, number in numbers_of(private).items():
        jwk[name] = number.to_bytes((number.bit_length() + 7) // 8, "big")
    mine = keys.import_key("mine", JsonWebKey(**jwk))
    assert mine.key.n == jwk["n"]
    assert names(keys.list_properties_of_keys()) == ["curve", "door", "mine"]

    use_keys(mine, curve, private)

    keys.update_key_properties("curve", enabled=False, tags={"c": "d"})
    assert next(item for item in keys.list_properties_of_keys() if item.name == "curve").tags == {"c": "d"}
    refused(HttpResponseError, "Forbidden", lambda: keys.get_cryptography_client("curve").sign("ES384", b"0" * 48))
    rotate = KeyRotationLifetimeAction(KeyRotationPolicyAction.rotate, time_after_create="P90D")
    policy = KeyRotationPolicy(lifetime_actions=[rotate], expires_in="P1Y")
    assert keys.update_key_rotation_policy("mine", policy).expires_in == "P1Y"
    assert keys.get_key_rotation_policy("mine").lifetime_actions[0].time_after_create == "P90D"
    assert keys.rotate_key("mine").id != mine.id
    assert len(keys.get_random_bytes(16)) == 16

    backup = keys.backup_key("curve")
    assert keys.begin_delete_key("curve", **quickly).result().recovery_id == f"{url}/deletedkeys/curve"
    refused(ResourceNotFoundError, "KeyNotFound", lambda: keys.get_key("curve"))
    assert names(keys.list_deleted_keys()) == ["curve"]
    assert keys.begin_recover_deleted_key("curve", **quickly).result().id == curve.id
    keys.begin_delete_key("curve", **quickly).wait()
    keys.purge_deleted_key("curve")
    assert keys.restore_key_backup(backup).id == curve.id


def numbers_of(private):
    numbers = private.private_numbers()
    public = numbers.public_numbers
    return {
        "n": public.n,
        "e": public.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }


def use_keys(mine, curve, private):
    digest = hashlib.sha256(b"text").digest()
    using = keys.get_cryptography_client("mine")
    for algorithm in (EncryptionAlgorithm.rsa_oaep_256, EncryptionAlgorithm.rsa_oaep):
        sealed = using.encrypt(algorithm, b"sesame")
        assert using.decrypt(algorithm, sealed.ciphertext).plaintext == b"sesame"
    wrapped = using.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"k" * 32)
    assert using.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key).key == b"k" * 32
    signature = using.sign(SignatureAlgorithm.ps256, digest).signature
    assert using.verify(SignatureAlgorithm.ps256, digest, signature).is_valid
    assert not using.verify(SignatureAlgorithm.ps256, hashlib.sha256(b"other").digest(), signature).is_valid
    # The key as an ordinary one of the library `cryptography`, whose private part stays in the vault.
    remote = using.create_rsa_private_key()
    signature = remote.sign(b"text", padding.PKCS1v15(), hashes.SHA256())
    private.public_key().verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())
    on_curve = keys.get_cryptography_client("curve")
    digest = hashlib.sha384(b"text").digest()
    signature = on_curve.sign(SignatureAlgorithm.es384, digest).signature
    assert on_curve.verify(SignatureAlgorithm.es384, digest, signature).is_valid


def keep_certificates():
    policy = CertificatePolicy.get_default()
    made = certificates.begin_create_certificate("web", policy, tags={"a": "b"}, **quickly).result()
    assert (made.name, made.properties.tags, made.policy.issuer_name) == ("web", {"a": "b"}, "Self")
    assert x509.load_der_x509_certificate(bytes(made.cer)).subject.rfc4514_string() == "CN=DefaultPolicy"
    of_house = CertificatePolicy(
        issuer_name="Lazuli",
        subject="CN=www.example.com",
        san_dns_names=["www.example.com"],
        key_type="EC",
        key_curve_name="P-256",
        content_type=CertificateContentType.pem,
        validity_in_months=3,
        lifetime_actions=[LifetimeAction(CertificatePolicyAction.auto_renew, days_before_expiry=20)],
    )
    second = certificates.begin_create_certificate("web", of_house, **quickly).result()
    versions = {item.version for item in certificates.list_properties_of_certificate_versions("web")}
    assert versions == {made.properties.version, second.properties.version}
    assert certificates.get_certificate_version("web", made.properties.version).id == made.id
    held = secrets.get_secret("web")
    assert held.properties.version == second.properties.version
    pem = held.value.encode()
    assert len(x509.load_pem_x509_certificates(pem)) == 3

    certificates.update_certificate_properties("web", second.properties.version, enabled=False, tags={})
    assert certificates.get_certificate("web").properties.enabled is False
    certificates.update_certificate_properties("web", second.properties.version, enabled=True)
    kept = certificates.get_certificate_policy("web")
    assert (kept.validity_in_months, kept.lifetime_actions[0].days_before_expiry) == (3, 20)
    kept._validity_in_months = 6  # as the library's own samples do: a policy that was read has no other way
    certificates.update_certificate_policy("web", kept)
    assert certificates.get_certificate_policy("web").validity_in_months == 6

    imported = certificates.import_certificate("brought", pem, policy=CertificatePolicy(content_type="application/x-pem-file"))
    assert imported.cer == second.cer
    file = base64.b64decode(secrets.get_secret("web", made.properties.version).value)
    assert certificates.import_certificate("brought", file).cer == made.cer
    refused(HttpResponseError, "BadParameter", lambda: certificates.import_certificate("bad", b"x"))

    issue_by_hand()

    backup = certificates.backup_certificate("web")
    deleted = certificates.begin_delete_certificate("web", **quickly).result()
    assert deleted.recovery_id == f"{url}/deletedcertificates/web"
    refused(ResourceNotFoundError, "CertificateNotFound", lambda: certificates.get_certificate("web"))
    assert names(certificates.list_deleted_certificates()) == ["web"]
    assert certificates.begin_recover_deleted_certificate("web", **quickly).result().id == second.id
    certificates.begin_delete_certificate("web", **quickly).wait()
    certificates.purge_deleted_certificate("web")
    assert certificates.restore_certificate_backup(backup).id == second.id
    assert secrets.get_secret("web").value == held.value

    contacts = certificates.set_contacts([CertificateContact(email="a@example.test", name="Ada", phone="1")])
    assert [contact.email for contact in certificates.get_contacts()] == [contacts[0].email]
    certificates.delete_contacts()
    refused(ResourceNotFoundError, "ContactsNotFound", certificates.get_contacts)
    admin = AdministratorContact(first_name="B", email="b@example.test")
    certificates.create_issuer("mine", "Test", account_id="me", password="word", admin_contacts=[admin])
    assert certificates.update_issuer("mine", provider="Test", account_id="you").account_id == "you"
    assert [item.name for item in certificates.list_properties_of_issuers()] == ["mine"]
    assert certificates.delete_issuer("mine").provider == "Test"


def issue_by_hand():
    """An authority of one's own: the vault makes the key and the request, we sign it, and the vault takes it back."""
    wish = CertificatePolicy(issuer_name=WellKnownIssuerNames.unknown, subject="CN=by hand", key_type="EC", key_curve_name="P-256")
    certificates.begin_create_certificate("by-hand", wish)
    operation = certificates.get_certificate_operation("by-hand")
    assert operation.status == "inProgress"
    request = x509.load_der_x509_csr(bytes(operation.csr))
    now = datetime.now(timezone.utc)
    issued = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "me")]))
        .public_key(request.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    assert bytes(certificates.merge_certificate("by-hand", [issued]).cer) == issued
    certificates.begin_create_certificate("by-hand", wish)
    certificates.cancel_certificate_operation("by-hand")
    certificates.delete_certificate_operation("by-hand")
    refused(
        ResourceNotFoundError,
        "PendingCertificateNotFound",
        lambda: certificates.get_certificate_operation("by-hand"),
    )


keep_secrets()
keep_keys()
keep_certificates()
print("done")
