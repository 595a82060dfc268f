import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Key;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.HashMap;
import java.util.Map;
import javax.xml.XMLConstants;
import javax.xml.crypto.AlgorithmMethod;
import javax.xml.crypto.Data;
import javax.xml.crypto.KeySelector;
import javax.xml.crypto.KeySelectorResult;
import javax.xml.crypto.OctetStreamData;
import javax.xml.crypto.URIDereferencer;
import javax.xml.crypto.URIReferenceException;
import javax.xml.crypto.XMLCryptoContext;
import javax.xml.crypto.dsig.XMLSignature;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMValidateContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/**
 * Verifies a seal with the JDK's own XML signature validator and a pinned certificate.
 *
 * <p>java VerifySeal.java CERTIFICATE.pem DOCUMENT.xml [cid=FILE ...]: exit 0 and "VALID n" where all n references and the
 * signature hold, exit 1 and what failed otherwise. Several documents can be checked in one run: "--" between them.
 */
public final class VerifySeal {
    public static void main(String[] arguments) throws Exception {
        boolean allValid = true;
        int start = 0;
        for (int i = 0; i <= arguments.length; i++) {
            if (i == arguments.length || arguments[i].equals("--")) {
                allValid &= check(java.util.Arrays.copyOfRange(arguments, start, i));
                start = i + 1;
            }
        }
        System.exit(allValid ? 0 : 1);
    }

    private static boolean check(String[] arguments) {
        Map<String, Path> attachments = new HashMap<>();
        for (int i = 2; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            attachments.put("cid:" + pair[0], Path.of(pair[1]));
        }
        try {
            int references = verify(Path.of(arguments[0]), Path.of(arguments[1]), attachments);
            System.out.println("VALID " + references);
            return true;
        } catch (Exception failed) {
            System.out.println("INVALID " + failed);
            return false;
        }
    }

    private static int verify(Path certificate, Path document, Map<String, Path> attachments) throws Exception {
        Document tree = parse(document);
        NodeList signatures = tree.getElementsByTagNameNS(XMLSignature.XMLNS, "Signature");
        if (signatures.getLength() != 1) {
            throw new IllegalStateException(signatures.getLength() + " signatures");
        }
        DOMValidateContext context = new DOMValidateContext(pinned(certificate), signatures.item(0));
        XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
        URIDereferencer inside = factory.getURIDereferencer();
        context.setURIDereferencer((reference, crypto) -> {
            String uri = reference.getURI();
            if (uri.startsWith("#")) {
                return inside.dereference(reference, crypto);
            }
            return attachment(attachments.get(uri), uri);
        });
        XMLSignature signature = factory.unmarshalXMLSignature(context);
        if (!signature.validate(context)) {
            throw new IllegalStateException("signature value " + signature.getSignatureValue().validate(context));
        }
        return signature.getSignedInfo().getReferences().size();
    }

    private static Data attachment(Path file, String uri) throws URIReferenceException {
        if (file == null) {
            throw new URIReferenceException("nothing for " + uri);
        }
        try {
            return new OctetStreamData(Files.newInputStream(file));
        } catch (java.io.IOException unreadable) {
            throw new URIReferenceException(unreadable);
        }
    }

    private static Document parse(Path document) throws Exception {
        DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
        builders.setNamespaceAware(true);
        builders.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
        builders.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Document tree = builders.newDocumentBuilder().parse(document.toFile());
        NodeList elements = tree.getElementsByTagNameNS("*", "*");
        for (int i = 0; i < elements.getLength(); i++) {
            Element element = (Element) elements.item(i);
            if (element.hasAttribute("Id")) {
                element.setIdAttribute("Id", true);
            }
        }
        return tree;
    }

    private static KeySelector pinned(Path pem) throws Exception {
        try (InputStream octets = Files.newInputStream(pem)) {
            X509Certificate certificate =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(octets);
            return new KeySelector() {
                @Override
                public KeySelectorResult select(
                        KeyInfo info, Purpose purpose, AlgorithmMethod method, XMLCryptoContext context) {
                    return (KeySelectorResult) () -> (Key) certificate.getPublicKey();
                }
            };
        }
    }
}
