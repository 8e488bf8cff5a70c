namespace AIaaS;

/// <summary>How many cases a crash or property test tries: a sample in <c>make test</c>, the full count in <c>make soak</c>.</summary>
internal static class Soak
{
    public static int Count(int sample, int full) => Environment.GetEnvironmentVariable("AIAAS_SOAK") is "1" ? full : sample;
}
