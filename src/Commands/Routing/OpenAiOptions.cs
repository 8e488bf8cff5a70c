namespace AIaaS.Commands.Routing;

/// <summary>How a remote model is reached (an entry of the configuration's <c>Models:Remote</c>).</summary>
public sealed record OpenAiOptions
{
    /// <summary>The model's name, as the provider knows it.</summary>
    public string Name { get; init; } = "";

    /// <summary>The base URL of an API that speaks OpenAI's. Default: OpenAI's own.</summary>
    public Uri BaseUrl { get; init; } = new("https://api.openai.com/v1");

    /// <summary>The API key. Give it by an environment variable or a secret store, never in a file that is shared.</summary>
    public string ApiKey { get; init; } = "";

    /// <summary>How long one attempt may take. Default: 5 seconds, the budget of a step.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most calls at the same time, 1 to 10,000; more fail at once and may be tried again. Default: 32.</summary>
    public int MaxConcurrency { get; init; } = 32;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Faults()
    {
        if (string.IsNullOrWhiteSpace(Name))
        {
            yield return "A model under Models:Remote has no Name.";
        }

        if (string.IsNullOrWhiteSpace(ApiKey))
        {
            yield return $"The remote model '{Name}' has no ApiKey. Set it, or map the tiers to offline models.";
        }

        if (!BaseUrl.IsAbsoluteUri || BaseUrl.Scheme is not ("http" or "https"))
        {
            yield return $"The BaseUrl of the remote model '{Name}' must be an absolute http or https URL.";
        }

        if (Timeout <= TimeSpan.Zero || Timeout > TimeSpan.FromMinutes(10))
        {
            yield return $"The Timeout of the remote model '{Name}' must be above zero and at most 10 minutes.";
        }

        if (MaxConcurrency is < 1 or > 10_000)
        {
            yield return $"The MaxConcurrency of the remote model '{Name}' must be from 1 to 10,000.";
        }
    }
}
